"""What the pages and paths of the audit queue ask of who opens them."""

SEE = "audits.view_auditrecord"
DECIDE = "audits.review_auditrecord"
TAKE_OVER = "audits.takeover_auditrecord"
