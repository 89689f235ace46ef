import commentmicro.CommentService;
import commentmicro.VideosCommentCountReq;
import favoritemicro.FavoriteListReq;
import favoritemicro.FavoriteService;
import java.util.List;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.TTransport;
import org.apache.thrift.transport.layered.TFramedTransport;
import relationmicro.GetAllMessageReq;
import relationmicro.GetFollowInfoReq;
import relationmicro.MessageService;
import relationmicro.RelationService;
import usermicro.CreateUserInfo;
import usermicro.CreateUserReq;
import usermicro.GetUserReq;
import usermicro.UserService;
import videomicro.CreateVideoReq;
import videomicro.VideoService;

/** Calls one method of each service with Apache Thrift's library: Callers TRANSPORT PORT... */
public class Callers {
  private static boolean framed;

  /** What a generated client does on one connection. */
  private interface Call {
    Object on(TProtocol protocol) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    framed = arguments[0].equals("framed");
    int users = port(arguments, 1);
    call(users, protocol -> {
      CreateUserReq request = new CreateUserReq(new CreateUserInfo(arguments[0]), "secret");
      return new UserService.Client(protocol).CreateUserMethod(request).getUser_id();
    });
    call(users, protocol -> {
      GetUserReq request = new GetUserReq().setName(arguments[0]);
      return new UserService.Client(protocol).GetUserMethod(request).getUser().getName();
    });
    call(users, protocol -> {
      GetUserReq request = new GetUserReq().setId(404);
      return new UserService.Client(protocol).GetUserMethod(request).getStatus_code();
    });
    call(port(arguments, 2), protocol -> {
      CreateVideoReq request = new CreateVideoReq("标题", 1, "videos/a.mp4", "covers/a.jpg");
      return new VideoService.Client(protocol).CreateVideoMethod(request).isStatus();
    });
    int relations = port(arguments, 3);
    call(relations, protocol -> {
      GetFollowInfoReq request = new GetFollowInfoReq(1);
      return new RelationService.Client(protocol).GetFollowInfoMethod(request).getStatus_code();
    });
    call(relations, protocol -> {
      GetAllMessageReq request = new GetAllMessageReq(1, 2);
      return new MessageService.Client(protocol).GetAllMessageMethod(request).getMsg();
    });
    call(port(arguments, 4), protocol -> {
      FavoriteListReq request = new FavoriteListReq(1);
      return new FavoriteService.Client(protocol).FavoriteListMethod(request).getVideo_id_list();
    });
    call(port(arguments, 5), protocol -> {
      VideosCommentCountReq request = new VideosCommentCountReq(List.of(1L));
      return new CommentService.Client(protocol)
          .VideosCommentCountMethod(request)
          .getComment_count_map()
          .get(1L);
    });
  }

  private static int port(String[] arguments, int at) {
    return Integer.parseInt(arguments[at]);
  }

  private static void call(int port, Call call) throws Exception {
    TSocket socket = new TSocket(new TConfiguration(), "127.0.0.1", port, 10_000);
    try (TTransport transport = framed ? new TFramedTransport(socket) : socket) {
      transport.open();
      System.out.println(call.on(new TBinaryProtocol(transport)));
    }
  }
}
