"""Errors of one thread that are to be raised in others."""

import traceback


def for_another_thread(error: BaseException) -> BaseException:
    """Return a copy of `error`, and of the errors behind it, that another thread may raise.

    An error that is raised grows by the frames that it passes, and it keeps their variables alive, such as the networks
    and data of all plans that trained together. The copy has none of them: its traceback so far is a note, as text.

    Examples
    --------
    >>> error = ValueError("no")
    >>> error.__cause__ = KeyError("key")
    >>> copied = for_another_thread(error)
    >>> copied is error, copied, copied.__cause__
    (False, ValueError('no'), KeyError('key'))
    """
    return _copy(error, {})


def _copy(error, known):
    if error is None:
        return None
    if id(error) not in known:
        known[id(error)] = new = _without_links(error)
        if error.__traceback__ is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            new.add_note(f"Traceback in the thread that trained the network:\n{frames.rstrip()}")
        new.__cause__, new.__context__ = _copy(error.__cause__, known), _copy(error.__context__, known)
        new.__suppress_context__ = error.__suppress_context__
    return known[id(error)]


def _without_links(error):
    try:
        make, arguments, *state = error.__reduce__()  # copy.copy does what some library has registered for errors
        new = make(*arguments)
        if state and state[0]:
            new.__setstate__(state[0])
    except Exception:  # its class wants other arguments than it hands on
        new = type(error).__new__(type(error), *error.args)
        vars(new).update(vars(error))
    if getattr(error, "__notes__", None):
        new.__notes__ = list(error.__notes__)
    return new.with_traceback(None)
