"""The data set, read once for all tests of this folder (about a second)."""

import pytest

from services.demo.config import DemoConfig, load_config
from services.demo.dataset import Dataset, load_dataset
from services.demo.source import LineColumns, data_folder, read_lines, read_products


@pytest.fixture(scope="session")
def config() -> DemoConfig:
    return load_config()


@pytest.fixture(scope="session")
def year(config: DemoConfig) -> Dataset:
    return load_dataset(config, 53)


@pytest.fixture(scope="session")
def year_lines(config: DemoConfig, year: Dataset) -> LineColumns:
    folder = data_folder(config)
    return read_lines(folder, read_products(folder), config, year.weeks[-1].ends_at)
