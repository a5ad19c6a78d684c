/** The family `notify`: telling others. */
export { notifyWebhook } from './webhook.ts'
