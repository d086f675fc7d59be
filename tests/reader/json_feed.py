"""JSON Feed 1.1 as its specification (https://www.jsonfeed.org/version/1.1/) words it, as a JSON Schema."""

URL = {"type": "string", "format": "uri", "pattern": "^https?://"}
TEXT = {"type": "string"}
TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
AUTHOR = {
    "type": "object",
    "minProperties": 1,
    "properties": {"name": TEXT, "url": URL, "avatar": URL},
    "additionalProperties": False,
}
ITEM = {
    "type": "object",
    "required": ["id"],
    "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
    "properties": {
        "id": TEXT,
        "url": URL,
        "external_url": URL,
        "title": TEXT,
        "content_html": TEXT,
        "content_text": TEXT,
        "summary": TEXT,
        "image": URL,
        "banner_image": URL,
        "date_published": TIME,
        "date_modified": TIME,
        "authors": {"type": "array", "items": AUTHOR},
        "tags": {"type": "array", "items": TEXT, "minItems": 1},
        "language": TEXT,
        "attachments": {"type": "array"},
    },
    "additionalProperties": False,
}
FEED = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": TEXT,
        "home_page_url": URL,
        "feed_url": URL,
        "description": TEXT,
        "user_comment": TEXT,
        "next_url": URL,
        "icon": URL,
        "favicon": URL,
        "authors": {"type": "array", "items": AUTHOR, "minItems": 1},
        "language": TEXT,
        "expired": {"type": "boolean"},
        "hubs": {"type": "array"},
        "items": {"type": "array", "items": ITEM},
    },
    "additionalProperties": False,
}
