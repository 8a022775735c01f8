"""Pages of a tenant, under /t/<slug>/."""

from django.urls import path, register_converter

from records.audit import views as audit
from records.dashboards import views as dashboards
from records.datasets import views as datasets
from records.datasets.references import batch_number
from records.packs import views as packs
from records.runs import views as runs
from records.settings import views_keys as keys
from records.settings import views_members as members
from records.settings import views_policy as policy


class BatchLabel:
    """`B-2418` in a path."""

    regex = r"B-[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        number = batch_number(value)
        assert number is not None
        return number

    def to_url(self, value: int) -> str:
        return f"B-{value}"


register_converter(BatchLabel, "batch")

urlpatterns = [
    path("", dashboards.overview, name="overview"),
    path("samples/", dashboards.samples, name="samples"),
    path("jump/", dashboards.jump, name="jump"),
    path("theme/", dashboards.theme, name="theme"),
    path("batches/", datasets.batches, name="batches"),
    path("batches/new/", datasets.upload, name="upload"),
    path("batches/<batch:number>/", runs.batch, name="batch"),
    path("batches/<batch:number>/live/", runs.batch_live, name="batch_live"),
    path("batches/<batch:number>/cancel/", runs.cancel, name="run_cancel"),
    path("batches/<batch:number>/again/", runs.again, name="run_again"),
    path("batches/<batch:number>/outputs/<str:name>", runs.output, name="run_output"),
    path("batches/<batch:number>/rejected/<str:name>", runs.rejects, name="batch_rejects"),
    path("findings/", runs.findings, name="findings"),
    path("findings/<uuid:finding_id>/", runs.finding, name="finding"),
    path("findings/<uuid:finding_id>/explained/", runs.finding_explained, name="finding_explained"),
    path("settings/members/", members.members, name="members"),
    path("settings/members/<uuid:membership_id>/role/", members.member_role, name="member_role"),
    path("settings/members/<uuid:membership_id>/remove/", members.member_remove, name="member_remove"),
    path("settings/invitations/<uuid:invitation_id>/withdraw/", members.invitation_end, name="invitation_end"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/<uuid:key_id>/replace/", keys.key_replace, name="key_replace"),
    path("settings/keys/<uuid:key_id>/revoke/", keys.key_end, name="key_end"),
    path("settings/policy/", policy.policy, name="policy"),
    path("audit/", audit.log, name="audit"),
    path("audit/verify/", audit.verify, name="audit_verify"),
    path("audit/export/", audit.export, name="audit_export"),
    path("audit/cortx_verify.py", audit.verifier, name="audit_verifier"),
    path("audit/<uuid:event_id>/", audit.event, name="audit_event"),
    path("records/<uuid:record_id>/", datasets.record, name="record"),
    path("packs/", packs.packs, name="packs"),
    path("packs/new/", packs.upload, name="pack_upload"),
    path("packs/<str:name>/<str:version>/", packs.pack, name="pack"),
    path("packs/<str:name>/<str:version>/submit/", packs.submit, name="pack_submit"),
    path("packs/<str:name>/<str:version>/approve/", packs.approve, name="pack_approve"),
    path("packs/<str:name>/<str:version>/return/", packs.give_back, name="pack_return"),
    path("packs/<str:name>/<str:version>/publish/", packs.publish, name="pack_publish"),
]
