"""Errors to responses and back, in each status convention."""

import pytest

import idl
from microkit.errors import (
    AlreadyExists,
    Forbidden,
    NotFound,
    ParamError,
    ServiceError,
    StoreError,
    Unauthorized,
    Unavailable,
)
from microkit.rpc.contract import Contract
from microkit.rpc.status import check, failure
from microkit.rpc.structs import fields_of

CONTRACTS = {name: Contract(idl.load(name)) for name in idl.RPC}
RESPONSES = [
    pytest.param(method.response, method.result, id=f"{name}.{method.response.__name__}")
    for name, contract in CONTRACTS.items()
    for method in contract.methods().values()
]
ERRORS = [
    ServiceError, ParamError, AlreadyExists, Unauthorized, StoreError, Unavailable, NotFound,
    Forbidden,
]  # fmt: skip
FLAG = CONTRACTS["videomicro"].CreateVideoResp
IN_THE_RESPONSE = CONTRACTS["commentmicro"].CommentResp
IN_BASE_RESP = CONTRACTS["favoritemicro"].FavoriteListResp
RELATION = CONTRACTS["relationmicro"].GetFollowListResp


@pytest.mark.parametrize(("response", "result"), RESPONSES)
def test_every_response_can_report_a_failure(response, result):
    sent = result.encode(result.struct(value=failure(response, ParamError("不行"))))
    with pytest.raises(ParamError, match="不行"):
        check(result.decode(sent)[0].value)


@pytest.mark.parametrize(("response", "result"), RESPONSES)
def test_every_response_can_report_success(response, result):
    empty = {
        f.name: f.zero()
        for f in fields_of(response)
        if f.requiredness == "required" and "status" not in f.annotations
    }
    sent = result.encode(result.struct(value=response.ok(**empty)))
    assert check(result.decode(sent)[0].value) is None


@pytest.mark.parametrize("struct", [FLAG, IN_THE_RESPONSE, IN_BASE_RESP, RELATION])
@pytest.mark.parametrize("error", ERRORS)
def test_number_and_text_restore_the_error(struct, error):
    with pytest.raises(error, match=r"^为什么$") as raised:
        check(failure(struct, error("为什么")))
    assert type(raised.value) is error


@pytest.mark.parametrize("error", ERRORS)
def test_relation_distinguishes_a_bad_parameter_from_other_errors(error):
    response = failure(RELATION, error("为什么"))
    assert response.statusCode == (2 if error is ParamError else 0)
    response.error_code = None  # as a peer of the original contract answers
    with pytest.raises(ParamError if error is ParamError else ServiceError, match=r"^为什么$"):
        check(response)


@pytest.mark.parametrize(
    ("struct", "error", "text"),
    [
        (CONTRACTS["usermicro"].CreateUserResp, AlreadyExists, "用户名已存在"),
        (CONTRACTS["usermicro"].LoginUserResp, Unauthorized, "用户名或密码错误"),
        (CONTRACTS["usermicro"].GetUserResp, NotFound, "用户不存在"),
        (FLAG, ServiceError, ServiceError.default),
    ],
)
def test_an_unnumbered_failure_is_the_annotated_error(struct, error, text):
    with pytest.raises(error, match=f"^{text}$"):
        check(struct(status=False))


@pytest.mark.parametrize(
    "response",
    [
        IN_THE_RESPONSE(status_code=10001, status_msg="record not found"),
        IN_BASE_RESP(
            base_resp=CONTRACTS["favoritemicro"].BaseResp(
                status_code=10006, status_msg="biz error: record not found"
            ),
            video_id_list=[],
        ),
        RELATION(statusCode=0, userList=[], msg="record not found"),
    ],
)
def test_record_not_found_is_not_found_whatever_the_number(response):
    with pytest.raises(NotFound, match=f"^{NotFound.default}$"):
        check(response)


@pytest.mark.parametrize("text", ["Error 1062: Duplicate entry 'x'", "", None])
def test_a_text_that_is_not_chinese_is_replaced_by_the_default(text):
    with pytest.raises(StoreError, match=f"^{StoreError.default}$"):
        check(IN_THE_RESPONSE(status_code=10005, status_msg=text))


def test_an_unknown_number_is_a_service_error():
    with pytest.raises(ServiceError, match="新的"):
        check(FLAG(status=False, status_code=424242, status_msg="新的"))


@pytest.mark.parametrize(
    ("struct", "field", "value"),
    [
        (FLAG, "status", True),
        (IN_THE_RESPONSE, "status_code", 0),
        (RELATION, "statusCode", 1),
    ],
)
def test_success_has_the_value_of_its_convention(struct, field, value):
    required = {f.name: f.zero() for f in fields_of(struct) if f.requiredness == "required"}
    required.pop(field)
    assert getattr(struct.ok(**required), field) == value


def test_success_in_a_base_resp_is_number_0():
    assert IN_BASE_RESP.ok(video_id_list=[]).base_resp.status_code == 0


def test_a_struct_without_a_marked_field_is_a_type_error():
    with pytest.raises(TypeError, match="Video: want one field with a status"):
        failure(CONTRACTS["videomicro"].Video, ParamError())
