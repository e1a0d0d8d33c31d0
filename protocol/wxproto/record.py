"""The base of small value objects, for want of dataclasses on MicroPython."""


class Record:
    """Equal when of one class with equal fields; printed as Name(field=value). `fields` names them."""

    fields = ()
    __hash__ = None

    def __eq__(self, other):
        if type(self) is not type(other):
            return False
        for field in self.fields:  # noqa: SIM110 - a loop allocates nothing on MicroPython
            if getattr(self, field) != getattr(other, field):
                return False
        return True

    def __repr__(self):
        from .record_text import text  # noqa: PLC0415 - a module prints no record

        return text(self)

    def shown(self, field):
        """Text of one field as repr() has it: a secret is hidden."""
        from .record_text import field_text  # noqa: PLC0415 - as above

        return field_text(self, field)
