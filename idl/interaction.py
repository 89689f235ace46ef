"""The contract of interaction.thrift; its types are in interaction.pyi."""

from idl.runtime import fill

fill(globals())
