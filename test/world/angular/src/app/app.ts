import { Component, signal } from '@angular/core'
import { authorizationCode, browserPlatform, createClient, isImsError } from 'imskit/browser'

declare const CLIENT_ID: string
declare const IMS: string

const ims = createClient({
  flow: authorizationCode({ clientId: CLIENT_ID, scopes: ['openid', 'profile'], redirectUri: `${location.origin}/` }),
  endpoint: IMS,
  ...browserPlatform(),
})

@Component({
  selector: 'app-root',
  template: '<p>{{ state() }}</p><button type="button" (click)="signIn()">Sign in</button>',
})
export class App {
  protected readonly state = signal('loading')

  constructor() {
    ims.handleRedirect().then(() => this.show())
  }

  private async show(): Promise<void> {
    try {
      const { scopes } = await ims.getTokens()
      this.state.set(`signed in for ${scopes?.join()}`)
    } catch (error) {
      this.state.set(isImsError(error) ? error.code : String(error))
    }
  }

  protected signIn(): Promise<unknown> {
    return ims.login()
  }
}
