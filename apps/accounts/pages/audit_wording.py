"""The acts of the audit record in words."""

from apps.accounts.services.recovery import LINK_MADE, SECOND_STEP_REMOVED

# For each act: the sentence about a subject, and the label in a list of acts.
ACTS = {
    "project.made": ("created {}", "Created the project"),
    "project.changed": ("changed {}", "Changed the project"),
    "member.added": ("added {}", "Added a member"),
    "member.role_changed": ("changed the role of {}", "Changed a member's role"),
    "member.account_closed": ("closed the account of {}", "Closed an account"),
    "member.removed": ("removed {}", "Removed a member"),
    LINK_MADE: ("created a link to a new password for {}", "Created a link to a new password"),
    SECOND_STEP_REMOVED: ("removed the second step of {}", "Removed a second step"),
    "invitation.made": ("created {}", "Invited somebody"),
    "invitation.renewed": ("created a new link for {}", "Created a new link for an invitation"),
    "invitation.withdrawn": ("withdrew {}", "Withdrew an invitation"),
    "invitation.declined": ("declined {}", "Declined an invitation"),
    "key.made": ("created {}", "Created a key"),
    "key.rotated": ("replaced {}", "Replaced a key"),
    "key.revoked": ("revoked {}", "Revoked a key"),
    "model.registered": ("registered {}", "Registered a model"),
    "model.changed": ("changed {}", "Changed a model"),
    "model.archived": ("archived {}", "Archived a model"),
    "model.restored": ("restored {}", "Restored a model"),
    "model.deleted": ("deleted {}", "Deleted a model"),
    "value.stated": ("stated what a decision of {} is worth", "Stated what a decision is worth"),
    "sampling.changed": ("changed the sampling of {}", "Changed sampling"),
    "incident.closed": ("closed {}", "Closed an incident"),
    "incident.followed": ("followed up {}", "Followed up an incident"),
    "finding.written": ("wrote {}", "Wrote a finding"),
    "finding.followed": ("followed up {}", "Followed up a finding"),
    "finding.closed": ("closed {}", "Closed a finding"),
    "finding.reopened": ("opened {} again", "Opened a finding again"),
    "queue.changed": ("changed {}", "Changed a queue"),
    "queue.paused": ("paused {}", "Paused a queue"),
    "queue.resumed": ("resumed {}", "Resumed a queue"),
    "slot.released": ("released {}", "Released a slot"),
    "slot.reassigned": ("gave {} to somebody else", "Gave a slot to somebody else"),
    "item.reopened": ("reopened {}", "Reopened an item"),
    "guideline.written": ("wrote a guideline: {}", "Wrote a guideline"),
    "endpoint.created": ("added the {}", "Added an endpoint"),
    "endpoint.paused": ("paused the {}", "Paused an endpoint"),
    "endpoint.resumed": ("resumed the {}", "Resumed an endpoint"),
    "endpoint.sent_again": ("sent events again to the {}", "Sent events again"),
    "endpoint.removed": ("removed the {}", "Removed an endpoint"),
    "subscription.added": ("subscribed {} to a report", "Subscribed somebody"),
    "subscription.ended": ("ended a subscription of {}", "Ended a subscription"),
    "schedule.removed": ("removed {}", "Removed a schedule"),
    "rule.changed": ("changed an alert rule of {}", "Changed an alert rule"),
    "rule.muted": ("muted an alert rule of {}", "Muted an alert rule"),
    "reference.declared": ("called days of {} normal", "Called days normal"),
    "reference.uploaded": ("uploaded a reference of {}", "Uploaded a reference"),
    "artifact.registered": ("registered the model file of {}", "Registered a model file"),
    "artifact.checked": ("had the model file of {} checked again", "Had a model file checked again"),
    "training_set.exported": ("downloaded the training set of {}", "Downloaded a training set"),
    "case.bundled": ("downloaded the debug bundle of {}", "Downloaded a debug bundle"),
    "cases.sent": ("sent cases of {} to review", "Sent cases to review"),
    "gold.made": ("added a known answer: {}", "Added a known answer"),
    "gold.retired": ("retired a known answer: {}", "Retired a known answer"),
    "dispute.answered": ("answered a dispute: {}", "Answered a dispute"),
}


# Acts of help in the words of a message to the person whose account it is.
OF_HELP = {
    LINK_MADE: "created a link to a new password for your account",
    SECOND_STEP_REMOVED: "removed the second step of your account",
}


def act_done(act: str, subject: str) -> str:
    """Return, for instance, `paused queue main`; an act without words is shown by its code."""
    if act not in ACTS:
        return f"{act} {subject}"
    return ACTS[act][0].format(subject)


def act_label(act: str) -> str:
    """Return the act without its subject, for a list to choose from."""
    return ACTS[act][1] if act in ACTS else act
