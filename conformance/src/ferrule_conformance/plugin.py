"""The pytest plugin: ``pytest --pyargs ferrule_conformance --ferrule-backend=NAME``.

It is loaded into every pytest run where this package is installed, so it imports nothing of weight
and collects nothing until a backend is named.
"""

from __future__ import annotations

from pathlib import Path

import pytest

PACKAGE = "ferrule_conformance"
FOLDER = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    option = parser.getgroup("ferrule", "conformance of ferrule backends").addoption
    option("--ferrule-backend", metavar="NAME", help="the backend to test, or module:attribute")
    option("--ferrule-level", metavar="LEVELS", help="levels to run: 0-2, or 1,3; by default all")
    option("--ferrule-device", metavar="N", help="the device to test: 1, or cuda:1; by default 0")
    option(
        "--ferrule-changed",
        action="store_true",
        help="leave out tests that passed, where nothing that they depend on changed since",
    )
    option("--ferrule-ops", metavar="OPS", help="ops to test, between commas")
    option("--ferrule-dtypes", metavar="DTYPES", help="dtypes to test, between commas")
    option("--ferrule-only", metavar="IDS", help="ids of the tests to run, between commas")
    option("--ferrule-seed", metavar="N", type=int, default=0, help="what inputs are drawn from")
    option("--ferrule-waivers", metavar="FILE", help="a TOML file of tests that are known to fail")
    option(
        "--ferrule-fallback",
        choices=("allow", "error"),
        default="allow",
        help="what becomes of primitives without a kernel: they run on the host, or fail",
    )
    option("--ferrule-json", metavar="FILE", help="write the scorecard there")
    option("--ferrule-markdown", metavar="FILE", help="write the scorecard there as tables")
    option("--ferrule-html", metavar="FILE", help="write the scorecard there as a page")
    option(
        "--ferrule-certificate",
        metavar="FILE",
        help="write the certificate that the run earns there",
    )


def pytest_configure(config: pytest.Config) -> None:
    options = config.option
    if options.ferrule_backend is None:
        if options.pyargs and any(arg.split("::")[0] == PACKAGE for arg in config.args):
            raise pytest.UsageError(
                f"{PACKAGE} tests one backend: name it with --ferrule-backend=cpu, or with "
                "--ferrule-backend=module:attribute for one that is not installed"
            )
        return
    from ferrule_conformance.collection import Collection
    from ferrule_conformance.request import Request
    from ferrule_conformance.session import Session, SessionError

    request = Request(
        backend=options.ferrule_backend,
        levels=options.ferrule_level,
        ops=options.ferrule_ops,
        dtypes=options.ferrule_dtypes,
        only=options.ferrule_only,
        device=options.ferrule_device,
        changed=options.ferrule_changed,
        seed=options.ferrule_seed,
        waivers=options.ferrule_waivers,
        fallback=options.ferrule_fallback,
        json=options.ferrule_json,
        markdown=options.ferrule_markdown,
        html=options.ferrule_html,
        certificate=options.ferrule_certificate,
    )
    try:
        session = Session(request, worker=hasattr(config, "workerinput"))
        if session.wants_speed:
            session.close()
            raise SessionError(
                "pytest has no level 5, which tests nothing: ferrule conformance has"
            )
    except SessionError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(Collection(session, FOLDER), "ferrule-conformance-collection")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without a backend this package's folder holds no tests."""
    if collection_path == FOLDER and config.option.ferrule_backend is None:
        return True
    return None
