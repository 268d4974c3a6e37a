"""Listing from metadata: what counts, what survives, and that nothing is imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ferrule_plugins import BackendNotInstalled, Candidate, discovery
from ferrule_plugins.listing import contract_version, installed

LIST = """
import json
from ferrule_plugins import discovery
claims = discovery.candidates()
print(json.dumps({name: [str(c) for c in found] for name, found in claims.items()}))
"""


def write(site: Path, folder: str, file: str, content: bytes | str) -> None:
    """Write one file of a distribution's metadata by hand, as no build tool would."""
    target = site / folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_metadata_is_read_in_full(plugin_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(plugin_site)
    claims = discovery.candidates()
    assert claims["newer"] == (
        Candidate(
            "newer",
            "ferrule-newer",
            "9.0",
            "ferrule_newer:backend",
            SpecifierSet(">=99"),
        ),
    )
    assert [str(c) for c in claims["twin"]] == ["ferrule-twin-a 1.0", "ferrule-twin-b 2.0"]


def test_listing_imports_no_plugin(
    plugin_site: Path, tmp_path: Path, run_python: Callable[..., str]
) -> None:
    log = tmp_path / "imports.log"
    listed = json.loads(run_python(LIST, plugin_site, PLUGIN_IMPORT_LOG=str(log)))
    assert {"good", "noimport", "exits", "newer", "saysno", "notbackend", "twin"} <= set(listed)
    assert not log.exists()
    load = "from ferrule_plugins import discovery; discovery.load('good')"
    run_python(load, plugin_site, PLUGIN_IMPORT_LOG=str(log))
    assert log.read_text() == "ferrule_good\n"


def test_one_distribution_seen_twice_is_one_claim_and_the_first_counts(
    install_plugins: Callable[..., Path], run_python: Callable[..., str]
) -> None:
    first = install_plugins("Ferrule_Good", into="first")
    second = install_plugins("ferrule-good", into="second")
    assert json.loads(run_python(LIST, first, second))["good"] == ["ferrule-good 2.0"]
    assert json.loads(run_python(LIST, second, first))["good"] == ["ferrule-good 1.2.3"]


def test_a_copy_that_announces_nothing_hides_the_copies_behind_it(
    install_plugins: Callable[..., Path], run_python: Callable[..., str], tmp_path: Path
) -> None:
    metadata = "Metadata-Version: 2.1\nName: ferrule-good\nVersion: 3.0\n"
    write(tmp_path / "newest", "ferrule_good-3.0.dist-info", "METADATA", metadata)
    site = install_plugins("ferrule-good")
    assert "good" not in json.loads(run_python(LIST, tmp_path / "newest", site))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    entry_points=st.binary(max_size=60)
    | st.text(max_size=40).map(lambda text: f"[ferrule.backends]\n{text}".encode()),
    metadata=st.none() | st.binary(max_size=60),
)
def test_no_broken_metadata_hides_another_distribution(
    plugin_site: Path,
    tmp_path_factory: pytest.TempPathFactory,
    entry_points: bytes,
    metadata: bytes | None,
) -> None:
    site = tmp_path_factory.mktemp("broken")
    write(site, "ferrule_bad-1.0.dist-info", "entry_points.txt", entry_points)
    if metadata is not None:
        write(site, "ferrule_bad-1.0.dist-info", "METADATA", metadata)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(plugin_site)
        patch.syspath_prepend(site)
        assert "good" in discovery.candidates()


@pytest.mark.parametrize(
    ("entry_points", "metadata", "cause"),
    [
        (b"[ferrule.backends]\n\xff\xfe = x:y\n", "Name: ferrule-bad\nVersion: 1\n", "Unicode"),
        ("[ferrule.backends]\nbad = bad:backend\n", None, "Error"),
        ("[ferrule.backends]\nbad = bad:backend\n", "Version: 1\n", "Error"),
        ("[ferrule.backends]\nbad = bad:backend\n", "Name: ferrule-bad\n", "ferrule-bad ("),
        ("[ferrule.backends]\nbad = bad:backend\n", "Name: ferrule-bad\nVersion: x\n", "'x'"),
    ],
)
def test_unreadable_metadata_is_reported_where_a_backend_is_missed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry_points: bytes | str,
    metadata: str | None,
    cause: str,
) -> None:
    write(tmp_path, "ferrule_bad-1.0.dist-info", "entry_points.txt", entry_points)
    if metadata:
        write(tmp_path, "ferrule_bad-1.0.dist-info", "METADATA", metadata)
    monkeypatch.syspath_prepend(tmp_path)
    (unreadable,) = installed(discovery.GROUP).unreadable
    assert "bad" in unreadable
    assert cause in unreadable
    with pytest.raises(BackendNotInstalled) as caught:
        discovery.load("bad")
    assert unreadable in caught.value.reason


def candidate(contract: str | None) -> Candidate:
    found = None if contract is None else SpecifierSet(contract)
    return Candidate("x", "ferrule-x", "1.0", "ferrule_x:backend", found)


def test_a_contract_that_holds_or_is_not_declared_leaves_no_gap() -> None:
    version = contract_version()
    for contract in (None, "", f"=={version}", f">={version.major},<{version.major + 1}", "!=99"):
        assert candidate(contract).contract_gap() is None


@given(st.sampled_from([">=", ">", "==", "~="]), st.integers(2, 500), st.integers(0, 9))
def test_a_backend_for_a_newer_contract_wants_the_contract_upgraded(
    operator: str, major: int, minor: int
) -> None:
    contract = f"{operator}{major}.{minor}"
    gap = candidate(contract).contract_gap()
    assert gap is not None
    reason, remedy = gap
    assert contract in reason
    assert str(contract_version()) in reason
    assert remedy == f'pip install --upgrade "ferrule-plugins{contract}"'


@pytest.mark.parametrize("contract", ["<1", "==0.*", "<=0.9", "~=0.3", "!=1.*", ">=0.1,<1"])
def test_a_backend_for_an_older_contract_is_to_be_upgraded_itself(contract: str) -> None:
    assert contract_version() in SpecifierSet("==1.*")
    gap = candidate(contract).contract_gap()
    assert gap is not None
    assert gap[1] == "pip install --upgrade ferrule-x"


def test_requirements_behind_a_marker_or_extra_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = """\
Metadata-Version: 2.1
Name: ferrule-marked
Version: 1.0
Requires-Dist: ferrule-plugins>=99; python_version < "3"
Requires-Dist: ferrule-plugins>=98; extra == "future"
Requires-Dist: Ferrule_Plugins>=1
Requires-Dist: ferrule-plugins<2
Requires-Dist: this is not a requirement
"""
    write(tmp_path, "ferrule_marked-1.0.dist-info", "METADATA", metadata)
    entry_points = "[ferrule.backends]\nmarked = ferrule_marked:backend\n"
    write(tmp_path, "ferrule_marked-1.0.dist-info", "entry_points.txt", entry_points)
    monkeypatch.syspath_prepend(tmp_path)
    (marked,) = discovery.candidates()["marked"]
    assert marked.contract == SpecifierSet(">=1,<2")


def test_the_contract_version_is_that_of_the_installed_distribution() -> None:
    assert contract_version() >= Version("1.0.0")
