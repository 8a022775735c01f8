"""What this app writes to the audit log."""

from tenants.audit.actions import declare

declare("tenant.created", "Tenant created", "{actor} created the tenant {object}")
declare("tenant.changed", "Tenant changed", "{actor} changed the tenant {object}")
declare("tenant.selected", "Tenant administered", "{actor} opened the administration of {object}")
declare("user.created", "Person added", "{actor} added the account of {object}")
declare("user.changed", "Account changed", "{actor} changed the account of {object}")
declare("user.signed_in", "Signed in", "{object} signed in")
declare("user.signed_out", "Signed out", "{object} signed out")
declare("user.sign_in_failed", "Sign-in failed", "A sign-in to {object} failed")
declare("membership.added", "Member added", "{actor} made {person} {role} of the tenant")
declare("membership.changed", "Role changed", "{actor} changed the role of {person} from {before} to {role}")
declare("membership.removed", "Member removed", "{actor} removed {person}, who was {role}")
declare("tokens.opened", "Tokens issued", "{actor} signed in by program")
declare("tokens.reused", "Token sent again", "A refresh token of {actor} came twice; the sign-in is over")
declare("tokens.revoked", "Tokens revoked", "{actor} signed out by program")
declare("key.issued", "Key issued", "{actor} issued the key {object}")
declare("key.revoked", "Key revoked", "{actor} revoked the key {object}")
