# Decides by what a call would do, and never by how it is worded.
package chesterton

decision := {"decision": "deny", "reason": concat("; ", deny)} if count(deny) > 0

else := {"decision": "ask", "reason": concat("; ", ask)} if count(ask) > 0

else := {"decision": "allow"}

deny contains "this would lose records that can be got back from nowhere" if {
	input.context.records_unrestorable > 0
	input.resource.environment != "workspace"
}

# A restore point that is there counts for nothing here: production is down until it has been used.
ask contains "this would destroy something in production" if {
	input.action.kind == "destructive"
	input.resource.environment == "production"
	not approved
}

ask contains "this would take a protection off" if {
	count(input.context.protections_removed) > 0
	"production" in input.context.environments
	not approved
}

# Recorded by the gate. What the agent says of an approval is never here.
approved if count(input.context.approvals) > 0
