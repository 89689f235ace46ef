// Calls one method of each service with Apache Thrift's library: callers.js TRANSPORT PORT...
const thrift = require('thrift');
const users = require('./gen-nodejs/usermicro_types');
const videos = require('./gen-nodejs/videomicro_types');
const relations = require('./gen-nodejs/relationmicro_types');
const favorites = require('./gen-nodejs/favoritemicro_types');
const comments = require('./gen-nodejs/commentmicro_types');
const UserService = require('./gen-nodejs/UserService');
const VideoService = require('./gen-nodejs/VideoService');
const RelationService = require('./gen-nodejs/RelationService');
const MessageService = require('./gen-nodejs/MessageService');
const FavoriteService = require('./gen-nodejs/FavoriteService');
const CommentService = require('./gen-nodejs/CommentService');

const [kind, userPort, videoPort, relationPort, favoritePort, commentPort] = process.argv.slice(2);
const transport = kind === 'framed' ? thrift.TFramedTransport : thrift.TBufferedTransport;

async function call(service, port, ask) {
  const options = { transport, protocol: thrift.TBinaryProtocol };
  const connection = thrift.createConnection('127.0.0.1', Number(port), options);
  await new Promise((resolve, reject) => connection.on('connect', resolve).on('error', reject));
  const answer = await ask(thrift.createClient(service, connection));
  console.log(typeof answer === 'string' ? answer : JSON.stringify(answer));
  connection.end();
}

async function main() {
  await call(UserService, userPort, async (client) => {
    const newuser = new users.CreateUserInfo({ name: kind });
    const request = new users.CreateUserReq({ newuser, password: 'secret' });
    return Number((await client.CreateUserMethod(request)).user_id);
  });
  await call(UserService, userPort, async (client) => {
    return (await client.GetUserMethod(new users.GetUserReq({ name: kind }))).user.name;
  });
  await call(UserService, userPort, async (client) => {
    return (await client.GetUserMethod(new users.GetUserReq({ id: 404 }))).status_code;
  });
  await call(VideoService, videoPort, async (client) => {
    const row = { title: '标题', author_id: 1, play_url: 'videos/a.mp4', cover_url: 'covers/a.jpg' };
    return (await client.CreateVideoMethod(new videos.CreateVideoReq(row))).status;
  });
  await call(RelationService, relationPort, async (client) => {
    const request = new relations.GetFollowInfoReq({ target_uid: 1 });
    return (await client.GetFollowInfoMethod(request)).status_code;
  });
  await call(MessageService, relationPort, async (client) => {
    const request = new relations.GetAllMessageReq({ user_id: 1, to_user_id: 2 });
    return (await client.GetAllMessageMethod(request)).msg;
  });
  await call(FavoriteService, favoritePort, async (client) => {
    return (await client.FavoriteListMethod(new favorites.FavoriteListReq({ user_id: 1 })))
      .video_id_list;
  });
  await call(CommentService, commentPort, async (client) => {
    const request = new comments.VideosCommentCountReq({ video_id_list: [1] });
    // An i64 is a node-int64: a number may be too small for it.
    return Number((await client.VideosCommentCountMethod(request)).comment_count_map[1]);
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
