"""What this app writes to the audit log."""

from tenants.audit.actions import declare

declare("pack_version.installed", "Pack version installed", "{actor} installed {object}")
