"""interaction.thrift at run time; the types are in interaction.pyi."""

from idl.runtime import fill

fill(globals())
