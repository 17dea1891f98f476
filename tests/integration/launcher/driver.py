"""`coalition up` with stand-ins for the services, as a process of its own: `driver.py STATE_DIR`."""

import asyncio
import logging
import sys
from pathlib import Path

from services.launcher.commands.up import serve
from services.launcher.errors import LauncherError
from services.launcher.platform import Platform
from tests.integration.launcher.rig import stand_ins

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    try:
        asyncio.run(serve(Platform(Path(sys.argv[1]), free_ports=True, processes=stand_ins())))
    except LauncherError as error:
        sys.exit(str(error))
