"""`python -m services.launcher`: the same as the `coalition` command."""

from services.launcher.cli import main

if __name__ == "__main__":
    main()
