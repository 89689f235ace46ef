"""Programs in Java and Node call every service with Apache Thrift's own libraries."""

import asyncio

import pytest
from fleet import SERVICES
from interop import apache


@pytest.fixture(scope="session", params=[apache.java, apache.node], ids=["java", "node"])
def callers(request, shared_folder):
    """The command of the program in one language, which wants a transport and the ports."""
    return request.param(shared_folder)


@pytest.mark.parametrize("transport", ["framed", "unframed"])
async def test_one_method_of_each_service_is_called(fleet, callers, transport):
    ports = [str(fleet.running[service.name].port) for service in SERVICES]
    process = await asyncio.create_subprocess_exec(
        *callers, transport, *ports, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    # A new user's id and name, the number of an unknown user's failure, a new video, the success
    # of follow infos, no messages, no likes, no comments on a video.
    expected = ["1", transport, "10007", "true", "1", "[]", "[]", "0"]
    assert out.decode().splitlines() == expected
