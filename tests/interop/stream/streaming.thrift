// A stream, which none of our services has.
namespace go talks

struct Line {
    1: required string text
}

service StreamService {
    Line Talk(1: Line line) (streaming.mode = "bidirectional")
}
