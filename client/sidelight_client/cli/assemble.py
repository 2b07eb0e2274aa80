"""Puts a broker together from its parts: settings, gateway, session, vault, repositories."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from .. import __version__
from ..adapters.clock import SystemClock
from ..adapters.config_files import read_settings
from ..adapters.folders import Folders, make_private
from ..adapters.gateway_http import HttpGateway
from ..adapters.git_repo import GitRepositories
from ..adapters.http import HttpClient
from ..broker import Broker
from ..embedded.gateway import EmbeddedGateway, EmbeddedSettings
from ..keeper import SessionKeeper
from ..ports import Clock, SignInPrompt
from ..settings import Settings
