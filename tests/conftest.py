"""What all tests share: real servers, started when the first test asks for one."""

pytest_plugins = ["tests.support.servers"]
