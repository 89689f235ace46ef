"""Pure functions from the services' structs to the HTTP API's."""
