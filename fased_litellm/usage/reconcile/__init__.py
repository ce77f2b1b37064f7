"""Hold the local history against the proxy's spend rows, call by call.

``scratch`` puts both sides into a temporary database, so that a million rows take little memory; ``matching`` finds the pairs;
``result`` says what became of each; ``filling`` adds what is missing here.
"""
