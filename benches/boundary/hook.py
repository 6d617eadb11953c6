"""A pre-tool hook in Python that makes the decision of the same contract: what a person would write.

It reads the contract's tool rules, tries their patterns on the command as it stands, and answers in
the words of Claude Code. It does not read the shell's grammar, so it does less than the hook that it
is compared with.
"""

import json
import re
import sys
import tomllib

told = json.load(sys.stdin)
with open(sys.argv[1], "rb") as file:
    contract = tomllib.load(file)
command = told["tool_input"].get("command", "")
command = re.sub(r"\bgit\s+(-C\s+\S+\s+)*", "git ", command)
answer = {"hookEventName": "PreToolUse", "permissionDecision": "allow"}
for rule in contract.get("rule", []):
    if "tool" not in rule["on"] or rule.get("opaque"):
        continue
    if any(re.search(re.sub(r"\\z", r"\\Z", p), command) for p in rule.get("any", [])):
        answer["permissionDecision"] = "deny"
        answer["permissionDecisionReason"] = rule.get("because", "")
        break
print(json.dumps({"hookSpecificOutput": answer}))
