"""The contracts: three that this side serves over HTTP, five that it calls."""

import idl
from microkit.rpc.contract import Contract

core = Contract(idl.load("core"))
interaction = Contract(idl.load("interaction"))
relation = Contract(idl.load("relation"))

usermicro = Contract(idl.load("usermicro"))
videomicro = Contract(idl.load("videomicro"))
relationmicro = Contract(idl.load("relationmicro"))
favoritemicro = Contract(idl.load("favoritemicro"))
commentmicro = Contract(idl.load("commentmicro"))
