import socket

from mlops.localcloud import ports


def test_a_port_is_given_out_once_and_below_those_of_outgoing_connections() -> None:
    returned = [ports.free_port() for _ in range(100)]
    assert len(set(returned)) == 100
    assert all(20_000 <= port < 32_768 for port in returned)


def test_a_port_on_which_a_program_listens_is_not_given_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])
    taken = ports.free_port() + 1
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        server.listen()
        assert ports.free_port() != taken
