"""The log as a file to take along."""

from tempfile import SpooledTemporaryFile

from django.http import FileResponse

from tenants.audit.models import AuditCheckpoint
from tenants.audit.proofs import export_lines
from tenants.context import current_tenant_id

IN_MEMORY = 1024 * 1024


def export_response(checkpoint: AuditCheckpoint, first: int, last: int) -> FileResponse:
    """The export, written while the tenant is bound: the answer is sent when the transaction is over."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    file.writelines(export_lines(checkpoint, first, last))
    file.seek(0)
    name = f"audit-{current_tenant_id()}-{first}-{last}.ndjson"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/x-ndjson")
