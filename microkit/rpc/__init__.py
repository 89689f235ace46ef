"""Thrift calls as Kitex makes and serves them: contract, transports, server, client."""
