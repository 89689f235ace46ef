"""Accounts for tests of userservice."""

from idl import usermicro


async def create(users, name, password="secret", **fields) -> int:
    """Create an account and return its id."""
    newuser = usermicro.CreateUserInfo(name=name, **fields)
    return (await users.CreateUserMethod(newuser=newuser, password=password)).user_id
