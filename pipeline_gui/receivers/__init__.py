"""Whom alerts are sent to: mail, webhooks, and through Apprise chats and phones. A service alone knows them."""
