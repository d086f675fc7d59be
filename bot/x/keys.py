"""What X tells of the keys themselves, for nothing: which of them it refuses, and what they may do."""

from __future__ import annotations

from urllib.parse import quote

import requests

from bot.settings import Settings
from bot.x.connection import Connection, Session

# X names it in the answers to a user's keys. "read-write-directmessages" may write, too.
ACCESS_LEVEL = "x-access-level"
READ_ONLY = "read"


def access_level(connection: Connection) -> str | None:
    """What the last answer to the bot's own keys said that they may do; None where X did not say."""
    answer: requests.Response | None = connection.client.session.last_response
    return answer.headers.get(ACCESS_LEVEL) if answer is not None else None


def knows_app(settings: Settings) -> bool | None:
    """Whether X knows the app by its key and secret alone; None where X does not say.

    It answers with the app's bearer token, the one that is there already, and bills nothing
    (docs.x.com/resources/fundamentals/authentication, "App only").
    """
    keys = [settings.x_consumer_key, settings.x_consumer_secret]
    user, password = (quote(key.get_secret_value() if key else "", safe="") for key in keys)
    with Session(settings.x_api_url) as session:
        try:
            answer = session.request(
                "POST",
                "/oauth2/token",
                auth=(user, password),
                data={"grant_type": "client_credentials"},
            )
        except requests.RequestException:
            return None
    if answer.ok:
        return True
    refused = {requests.codes.unauthorized, requests.codes.forbidden}
    return False if answer.status_code in refused else None
