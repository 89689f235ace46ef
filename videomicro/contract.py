"""The contract that this service serves."""

import idl
from microkit.rpc.contract import Contract

contract = Contract(idl.load("videomicro"))
