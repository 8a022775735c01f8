"""What this app writes to the audit log."""

from tenants.audit.actions import declare

declare("trust.tried", "Trust tried", "{actor} wrote this to see whether it is kept")
declare("trust.checked", "Trust checked", "{actor} tried every promise on this installation")
