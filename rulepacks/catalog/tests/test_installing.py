"""A pack is installed once, by its content; its files come back exactly as they went in, or not at all."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from rulepacks.catalog import services
from rulepacks.catalog.archives import ArchiveDamaged, archive_folder, zipped
from rulepacks.catalog.selectors import newest_published, pack_folder, record_rules, version_order
from rulepacks.catalog.services import pack_install, shipped_packs_install
from rulepacks.engine.loader import content_hash
from rulepacks.engine.problems import PackError
from rulepacks.models import Pack, PackVersion
from tenants.audit.models import AuditEvent
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.problems import StateConflict
from tenants.tests.factories import TenantFactory

PACK = """\
cortx: 1
pack: tests.catalog
version: {version}
title: {title}
parameters:
  year: {{type: integer, required: true}}
inputs:
  lines: {{key: [line], fields: {{line: {{type: text}}, year: {{type: integer}}}}}}
rules:
  - {{code: L01, type: row, severity: error, title: Year is right, authority: House rule,
     require: "year = $year"}}
"""


def folder_with(parent: Path, version: str = "1.0.0", title: str = "A pack") -> Path:
    folder = parent / f"{version}-{title}"
    folder.mkdir(parents=True)
    (folder / "pack.yaml").write_text(PACK.format(version=version, title=title))
    return folder


@pytest.fixture
def bound(db: None) -> Tenant:
    """A tenant; the tests bind it, since threads have to as well."""
    return TenantFactory.create()


def test_a_version_is_installed_with_what_pages_show(bound: Tenant, tmp_path: Path) -> None:
    with tenant_scope(bound.id):
        version = pack_install(folder=folder_with(tmp_path))
        assert (str(version), version.status) == ("tests.catalog@1.0.0", PackVersion.Status.PUBLISHED)
        assert version.summary["title"] == "A pack"
        assert [one["name"] for one in version.summary["inputs"]] == ["lines"]
        assert version.summary["parameters"][0]["required"]
        rules = {rule["code"]: rule for rule in version.summary["rules"]}
        assert rules["L01"]["text"].startswith("- {code: L01")
        assert [rule["position"] for rule in version.summary["rules"]] == [1, 2]
        assert AuditEvent.objects.filter(action="pack_version.installed").count() == 1


def test_the_same_content_again_is_the_same_version(bound: Tenant, tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    with tenant_scope(bound.id):
        assert pack_install(folder=folder) == pack_install(folder=folder)
        assert AuditEvent.objects.filter(action="pack_version.installed").count() == 1


def test_the_same_version_with_other_content_is_refused(bound: Tenant, tmp_path: Path) -> None:
    with tenant_scope(bound.id):
        pack_install(folder=folder_with(tmp_path))
        with pytest.raises(StateConflict, match="new version number"):
            pack_install(folder=folder_with(tmp_path, title="Another"))


def test_versions_of_a_pack_stand_side_by_side(bound: Tenant, tmp_path: Path) -> None:
    with tenant_scope(bound.id):
        for version in ("1.9.0", "1.10.0", "1.10.0-rc.1"):
            pack_install(folder=folder_with(tmp_path, version))
        pack_install(folder=folder_with(tmp_path, "2.0.0"), status=PackVersion.Status.CANDIDATE)
        assert Pack.objects.count() == 1
        newest = newest_published("tests.catalog")
        assert newest is not None
        assert newest.version == "1.10.0"
        assert newest_published("tests.none") is None


def test_a_release_comes_after_its_candidates() -> None:
    assert sorted(["1.0.0", "1.0.0-rc.1", "0.9.9", "1.0.10", "1.0.9"], key=version_order) == [
        "0.9.9", "1.0.0-rc.1", "1.0.0", "1.0.9", "1.0.10",
    ]  # fmt: skip


def test_a_pack_that_is_not_in_order_is_not_installed(bound: Tenant, tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("cortx: 1\n")
    with tenant_scope(bound.id):
        with pytest.raises(PackError):
            pack_install(folder=tmp_path)
        assert not Pack.objects.exists()


def test_two_tenants_install_the_same_pack_as_their_own(bound: Tenant, tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    with tenant_scope(bound.id):
        first = pack_install(folder=folder)
    with tenant_scope(TenantFactory.create().id):
        second = pack_install(folder=folder)
        assert (second.id == first.id, second.archive == first.archive) == (False, False)
        assert PackVersion.objects.get() == second


def test_the_files_come_back_as_they_went_in(bound: Tenant, tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "lists").mkdir()
    (folder / "lists" / "codes.csv").write_text("code\nA\n")
    with tenant_scope(bound.id):
        version = pack_install(folder=folder)
        assert content_hash(pack_folder(version)) == version.content_hash
        assert (pack_folder(version) / "lists" / "codes.csv").read_text() == "code\nA\n"


def test_tampered_files_are_noticed(bound: Tenant, tmp_path: Path) -> None:
    with tenant_scope(bound.id):
        version = pack_install(folder=folder_with(tmp_path))
        local = pack_folder(version)
        (local / "pack.yaml").write_text("pack: other\n")
        with pytest.raises(ArchiveDamaged, match=version.content_hash):
            pack_folder(version)
        shutil.rmtree(local)


def test_many_extract_the_same_archive_at_once(db: None, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, title="For many")
    name, expected = default_storage.save("tests/many.zip", ContentFile(zipped(folder))), content_hash(folder)
    shutil.rmtree(Path(settings.SCRATCH_DIR) / "packs" / expected, ignore_errors=True)
    with ThreadPoolExecutor(8) as threads:
        folders = set(threads.map(lambda _: archive_folder(name, expected), range(32)))
    assert len(folders) == 1
    assert not list(folders.pop().parent.glob(".new-*"))


def test_a_missing_archive_is_an_error_and_leaves_nothing(db: None) -> None:
    with pytest.raises(FileNotFoundError):
        archive_folder("tests/nowhere.zip", "0" * 64)
    assert not (Path(settings.SCRATCH_DIR) / "packs" / ("0" * 64)).exists()


def test_single_record_rules_are_compiled_once(bound: Tenant, tmp_path: Path) -> None:
    with tenant_scope(bound.id):
        version = pack_install(folder=folder_with(tmp_path))
        assert record_rules(version, {}) is record_rules(version, {})
        assert record_rules(version, {}).judge({"line": "1", "year": 2026}, {"year": 2026}).findings == ()


def test_every_shipped_pack_installs(bound: Tenant) -> None:
    with tenant_scope(bound.id):
        installed = shipped_packs_install()
        assert "federal.gtas.reconciliation" in {version.pack.name for version in installed}
        assert shipped_packs_install() == installed
        assert len(installed) == len(services.shipped_folders())
