"""The contract that this service serves, and the one it calls."""

import idl
from microkit.rpc.contract import Contract

contract = Contract(idl.load("favoritemicro"))
videos = Contract(idl.load("videomicro"))
