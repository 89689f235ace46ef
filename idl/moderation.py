"""The contract of moderation.thrift; its types are in moderation.pyi."""

from idl.runtime import fill

fill(globals())
