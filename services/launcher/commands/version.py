"""`coalition version`."""

import importlib.metadata

import typer

app = typer.Typer()


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(importlib.metadata.version("coalition"))
