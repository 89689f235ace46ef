"""The API reference: an OpenAPI document made from the IDL, and a page that shows it."""
