"""What happens to accounts, for /metrics."""

from typing import Final

from microkit.metrics import counter

REGISTRATIONS: Final = counter("registrations", "Accounts created")
LOGINS: Final = counter("logins", "Passwords checked", outcome=("accepted", "refused"))
