"""The contract that this service serves, and those it calls to recount."""

import idl
from microkit.rpc.contract import Contract

contract = Contract(idl.load("usermicro"))
videos = Contract(idl.load("videomicro"))
relations = Contract(idl.load("relationmicro"))
favorites = Contract(idl.load("favoritemicro"))
