"""The base of small value objects, for want of dataclasses on MicroPython."""


class Record:
    """Equal when of one class with equal fields; printed as Name(field=value). `fields` names them."""

    fields = ()
    __hash__ = None

    def shown(self, field):
        """Text of one field for repr(); a subclass hides secrets here."""
        return repr(getattr(self, field))

    def __eq__(self, other):
        if type(self) is not type(other):
            return False
        for field in self.fields:  # noqa: SIM110 - a loop allocates nothing on MicroPython
            if getattr(self, field) != getattr(other, field):
                return False
        return True

    def __repr__(self):
        inside = ", ".join([field + "=" + self.shown(field) for field in self.fields])
        return self.__class__.__name__ + "(" + inside + ")"
