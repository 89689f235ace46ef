"""The contract that this service serves, and those it calls."""

import idl
from microkit.rpc.contract import Contract

contract = Contract(idl.load("commentmicro"))
users = Contract(idl.load("usermicro"))
videos = Contract(idl.load("videomicro"))
