// Error numbers. They are in `status_code` over HTTP and in most RPC responses, and in `error_code` in the
// responses of relationservice. 0 is success. The Python classes are in microkit/errors.py.
namespace go errors

enum ErrorCode {
    SERVICE_ERROR = 10001       // anything unexpected
    PARAM_ERROR = 10002         // an argument is missing, malformed or out of its bounds
    ALREADY_EXISTS = 10003      // the record to create exists already
    UNAUTHORIZED = 10004        // no valid token, or a wrong name or password
    STORE_ERROR = 10005         // a database, Redis or object store failed; the call may have been handled
    UNAVAILABLE = 10006         // a service did not answer; the call may have been handled
    NOT_FOUND = 10007           // the record does not exist
    FORBIDDEN = 10008           // the caller is logged in but not allowed to do this
    TOO_MANY_REQUESTS = 10009   // a rate limit is reached; the message says when to try again
}
