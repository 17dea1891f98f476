"""Commands of tax data and documents."""
