"""``python -m gengine`` is ``gengine`` (and ``accelerate launch -m gengine`` is it on several processes)."""

from gengine.cli import main

if __name__ == "__main__":
    main()
