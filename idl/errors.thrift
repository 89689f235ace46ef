// The numbers of failures: in `status_code` over HTTP and in most RPC responses, in `error_code` in
// relationservice's. 0 is success. In Python: microkit/errors.py.
namespace go errors

enum ErrorCode {
    SERVICE_ERROR = 10001       // anything unexpected
    PARAM_ERROR = 10002         // an argument is missing, of the wrong form or out of its bounds
    ALREADY_EXISTS = 10003      // what should be created exists already
    UNAUTHORIZED = 10004        // no valid login
    STORE_ERROR = 10005         // a database or Redis failed; the call may have been handled
    UNAVAILABLE = 10006         // a service did not answer; the call may have been handled
    NOT_FOUND = 10007           // what was asked for does not exist
    FORBIDDEN = 10008           // the caller is known and may not do this
}
