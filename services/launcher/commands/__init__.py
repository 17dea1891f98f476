"""One module per command or group of `coalition`; each has a typer.Typer named `app`. Listed in cli.py."""
