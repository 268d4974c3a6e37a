"""Little plugin distributions, each right or wrong in one way, built and installed for real.

A test installs the ones it wants into a folder and puts that folder on ``PYTHONPATH``. Every plugin
module writes its name to the file in ``PLUGIN_IMPORT_LOG`` when it is imported, so that a test can
tell whether and how often it was.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from hatchling.builders.wheel import WheelBuilder
from uv import find_uv_bin

RECORD = """\
import os

def record(event):
    if "PLUGIN_IMPORT_LOG" in os.environ:
        with open(os.environ["PLUGIN_IMPORT_LOG"], "a") as log:
            print(event, file=log)

record(__name__)
"""

BACKEND = """\
import numpy as np
from ferrule_plugins import (
    Capabilities, DeviceInfo, DType, MemoryStats, Report, Spec, dtypes
)


class NumPyBackend:
    contract = (1, 0)
    capabilities = Capabilities(dtypes=frozenset(dtypes.ALL))
    kernels = {"add": np.add, "mul": np.multiply, "neg": np.negative}

    def __init__(self, name):
        self.name = name

    def probe(self):
        return Report(ok=True, devices=(DeviceInfo("NumPy", "cpu"),), details={"numpy": "here"})

    def from_host(self, array, device):
        return np.array(array)

    def to_host(self, array):
        return array

    def spec(self, array):
        return Spec(array.shape, DType.of(array.dtype))

    def synchronize(self, device):
        pass

    def memory_stats(self, device):
        return MemoryStats()
"""

FACTORY_FUNCTION = """

class Logged(NumPyBackend):
    def probe(self):
        record("probed")
        return super().probe()


def make():
    record("made")
    return Logged("factory")
"""


@dataclass(frozen=True)
class PluginDistribution:
    """One distribution with one module and one entry point.

    Attributes:
        name: the distribution's name; its module is the same with underscores.
        plugin: the entry point's name.
        source: the module's text, after the lines that record its import.
        attribute: what the entry point names in the module.
        group: the entry point's group.
        version: the distribution's version.
        requires: what it depends on.
    """

    name: str
    plugin: str
    source: str
    attribute: str = "backend"
    group: str = "ferrule.backends"
    version: str = "1.2.3"
    requires: tuple[str, ...] = ("ferrule-plugins>=1,<2",)

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def build(self, folder: Path) -> Path:
        """Write the project below ``folder`` and build its wheel there."""
        project = folder / f"{self.name}-{self.version}"
        project.mkdir(parents=True)
        (project / f"{self.module}.py").write_text(RECORD + dedent(self.source))
        (project / "pyproject.toml").write_text(
            dedent(f"""\
            [build-system]
            requires = ["hatchling"]
            build-backend = "hatchling.build"

            [project]
            name = "{self.name}"
            version = "{self.version}"
            dependencies = {list(self.requires)}

            [project.entry-points."{self.group}"]
            {self.plugin} = "{self.module}:{self.attribute}"

            [tool.hatch.build.targets.wheel]
            only-include = ["{self.module}.py"]
            """)
        )
        built = WheelBuilder(str(project)).build(directory=str(folder), versions=["standard"])
        return Path(next(iter(built)))


def install(distributions: Iterable[PluginDistribution], target: Path) -> Path:
    """Build the distributions and install their wheels, without dependencies, into ``target``."""
    wheels = [str(d.build(target.with_name(f"{target.name}-build"))) for d in distributions]
    subprocess.run(
        [
            *(find_uv_bin(), "pip", "install", "--offline", "--no-cache", "--no-deps", "--quiet"),
            *("--python", sys.executable, "--target", str(target), *wheels),
        ],
        check=True,
    )
    return target


def numpy_backend(name: str, after: str = "") -> str:
    """The source of a backend that works on NumPy, with lines that change it."""
    return f"{BACKEND}\n\nbackend = NumPyBackend({name!r})\n{dedent(after)}"


GOOD = PluginDistribution("ferrule-good", "good", numpy_backend("good"))
GOOD_AGAIN = PluginDistribution("Ferrule_Good", "good", numpy_backend("good"), version="2.0")
NUMPY_CPU = PluginDistribution("ferrule-numpycpu", "cpu", numpy_backend("cpu"))
FACTORY = PluginDistribution(
    "ferrule-factory",
    "factory",
    f"{BACKEND}\n{FACTORY_FUNCTION}",
    attribute="make",
)
PREFERRED = PluginDistribution(
    "ferrule-preferred",
    "preferred",
    numpy_backend(
        "preferred", "backend.capabilities = Capabilities(frozenset(dtypes.ALL), preference=5)\n"
    ),
)
TWO_GPUS = PluginDistribution(
    "ferrule-twogpus",
    "twogpus",
    numpy_backend(
        "twogpus",
        """\
        backend.probe = lambda: Report(
            ok=True, devices=(DeviceInfo("first", "gpu", 2**30), DeviceInfo("second", "gpu"))
        )
        """,
    ),
)
ACCELERATOR = PluginDistribution(
    "ferrule-zaccelerator",
    "zaccelerator",
    numpy_backend(
        "zaccelerator",
        """\
        backend.probe = lambda: Report(ok=True, devices=(DeviceInfo("core", "accelerator"),))
        """,
    ),
)
NO_IMPORT = PluginDistribution(
    "ferrule-noimport",
    "noimport",
    f"import a_library_that_nobody_has\n{numpy_backend('noimport')}",
    version="0.3",
)
EXITS = PluginDistribution("ferrule-exits", "exits", "import sys\nsys.exit(3)\n")
INTERRUPTED = PluginDistribution("ferrule-interrupted", "interrupted", "raise KeyboardInterrupt\n")
NO_ATTRIBUTE = PluginDistribution("ferrule-noattribute", "noattribute", "backends = []\n")
NOT_A_BACKEND = PluginDistribution(
    "ferrule-notbackend",
    "notbackend",
    """\
    class Half:
        name = "notbackend"
        contract = (1, 0)
        kernels = {}

        def probe(self): ...

    backend = Half()
    """,
)
MISSHAPEN = PluginDistribution(
    "ferrule-misshapen",
    "misshapen",
    numpy_backend(
        "another",
        """\
        backend.contract = "1.0"
        backend.kernels = None
        backend.capabilities = {"dtypes": []}
        backend.to_host = None
        """,
    ),
)
NEWER = PluginDistribution(
    "ferrule-newer",
    "newer",
    numpy_backend("newer"),
    version="9.0",
    requires=("numpy>=2", "ferrule-plugins>=99"),
)
OLDER = PluginDistribution(
    "ferrule-older", "older", numpy_backend("older"), requires=("ferrule-plugins<1",)
)
NEWER_CODE = PluginDistribution(
    "ferrule-newercode",
    "newercode",
    numpy_backend("newercode", "backend.contract = (1, 1000)\n"),
)
OLDER_CODE = PluginDistribution(
    "ferrule-oldercode", "oldercode", numpy_backend("oldercode", "backend.contract = (0, 9)\n")
)
SAYS_NO = PluginDistribution(
    "ferrule-saysno",
    "saysno",
    numpy_backend(
        "saysno",
        """\
        backend.probe = lambda: Report(
            ok=False, reason="no such chip in this machine", remedy="buy one"
        )
        """,
    ),
)
PROBE_RAISES = PluginDistribution(
    "ferrule-proberaises",
    "proberaises",
    numpy_backend("proberaises", "backend.probe = lambda: 1 // 0\n"),
)
PROBE_MUMBLES = PluginDistribution(
    "ferrule-probemumbles",
    "probemumbles",
    numpy_backend("probemumbles", "backend.probe = lambda: True\n"),
)
BAD_DEVICES = PluginDistribution(
    "ferrule-baddevices",
    "baddevices",
    numpy_backend("baddevices", "backend.probe = lambda: Report(ok=True, devices=None)\n"),
)
BAD_DETAILS = PluginDistribution(
    "ferrule-baddetails",
    "baddetails",
    numpy_backend("baddetails", "backend.probe = lambda: Report(ok=True, details='fine')\n"),
)
TWIN_A = PluginDistribution("ferrule-twin-a", "twin", numpy_backend("twin"), version="1.0")
TWIN_B = PluginDistribution("ferrule-twin-b", "twin", numpy_backend("twin"), version="2.0")

HOOKS = PluginDistribution(
    "ferrule-hooks",
    "hooks",
    """\
    from ferrule_plugins import hookimpl

    class Hooks:
        @hookimpl
        def ferrule_doctor(self):
            return {"weather": "fine"}

        @hookimpl
        def ferrule_register_kernels(self, backend):
            return {"add": backend} if backend == "good" else None

    plugin = Hooks()
    """,
    attribute="plugin",
    group="ferrule.plugins",
)
HOOK_RAISES = PluginDistribution(
    "ferrule-hookraises",
    "hookraises",
    """\
    import sys
    from ferrule_plugins import hookimpl

    class Raises:
        @hookimpl
        def ferrule_doctor(self):
            sys.exit("the hook exits")

    plugin = Raises()
    """,
    attribute="plugin",
    group="ferrule.plugins",
)
HOOKS_BROKEN = PluginDistribution(
    "ferrule-hooksbroken",
    "hooksbroken",
    "import a_library_that_nobody_has\n",
    attribute="plugin",
    group="ferrule.plugins",
)
HOOKS_NEWER = PluginDistribution(
    "ferrule-hooksnewer",
    "hooksnewer",
    "plugin = object()\n",
    attribute="plugin",
    group="ferrule.plugins",
    requires=("ferrule-plugins>=99",),
)
HOOKS_UNKNOWN = PluginDistribution(
    "ferrule-hooksunknown",
    "hooksunknown",
    """\
    from ferrule_plugins import hookimpl

    class Unknown:
        @hookimpl
        def ferrule_doctor(self):
            return {"never": "seen"}

        @hookimpl
        def ferrule_not_a_hook(self): ...

    plugin = Unknown()
    """,
    attribute="plugin",
    group="ferrule.plugins",
)

BACKENDS = (
    *(GOOD, FACTORY, PREFERRED, TWO_GPUS, ACCELERATOR),
    *(NO_IMPORT, EXITS, NO_ATTRIBUTE, NOT_A_BACKEND, MISSHAPEN, PROBE_RAISES, PROBE_MUMBLES),
    *(BAD_DEVICES, BAD_DETAILS, NEWER, OLDER, NEWER_CODE, OLDER_CODE, SAYS_NO, TWIN_A, TWIN_B),
)
"""Right and wrong ones side by side, as one unlucky user might have them installed."""

HOOK_PLUGINS = (HOOKS, HOOK_RAISES, HOOKS_BROKEN, HOOKS_NEWER, HOOKS_UNKNOWN)

BY_NAME = {
    plugin.name: plugin for plugin in (*BACKENDS, *HOOK_PLUGINS, GOOD_AGAIN, NUMPY_CPU, INTERRUPTED)
}
