"""How far back a window looks; apart from what it makes of it, since the first look asks before it has loaded that."""

DAYS = 2
