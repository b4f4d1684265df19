"""How a request reaches the fake: from the clients of this process, and from other processes over HTTP."""
